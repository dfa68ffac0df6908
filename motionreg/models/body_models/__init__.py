"""From rotations to the joints of a body, differentiably."""

from motionreg.models.body_models.skeleton import SkeletonFK, SMPLFile
