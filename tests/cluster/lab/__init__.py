"""Machines made of Linux namespaces, on which the shipped cluster files run as they would elsewhere.

isolation   everything happens in namespaces of its own, so that its end is the end of all that was started
hosts       a network, and hosts on it with an address, a disk, processes and an ssh server of their own
ec2         an EC2 whose instances are such hosts
scenario    what the scenarios have in common: `ray`, a remote search, waiting
aws_cycle   gpu.yaml from `ray up` to `ray down`, with a spot interruption
onprem_loss onprem.yaml with a host that dies and one that cannot be reached any more
"""
