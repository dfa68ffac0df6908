"""Texts of action classes, prompts, and the readers of published text files."""

from motionreg.text import encoders, readers
from motionreg.text.bank import TextBank, TextEntry
from motionreg.text.files import list_banks, load_bank, save_bank
from motionreg.text.prompts import PROMPTS, PromptSet, get_prompts, render

__all__ = ['PROMPTS', 'PromptSet', 'TextBank', 'TextEntry', 'get_prompts', 'list_banks', 'load_bank', 'render',
           'save_bank']
