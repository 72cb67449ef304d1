"""The schema of each result file: written by the job that makes it, read by pages, cards and later jobs.

base              what the models share: key order, absent keys, strict writing and lenient reading
accounting        accounting.json of patches
partition         summary.json of partitions
independence      independence.json of partitions
balance           balance.json of data sets
standardisation   standardisation.json of data sets
sessions          sessions.json of shards
assessment        intervals, confusion and curves of labelled predictions, which evaluation and baseline share
evaluation        metrics.json of evaluations
baseline          metrics.json of baselines
audit             audit.json of audits, beside their page
card              card.json of exports; its parts on the network are in model_facts
"""
