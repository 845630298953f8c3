"""The data sets that have a name: where they come from, and how their official archives are read."""
