"""Make the recordings of the example: python projects/example_project/make_recordings.py data/desk-recordings."""

import sys

from example_project.recordings import write_recordings

if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit('usage: make_recordings.py FOLDER')
    print(f'{write_recordings(sys.argv[1])} recordings in {sys.argv[1]}')
