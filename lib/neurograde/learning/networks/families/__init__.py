"""Families of backbones, one file each, behind one protocol: names, networks, input sizes, weights and licences."""
