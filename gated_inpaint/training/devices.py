"""The devices a run computes on: one, several of one machine, or several machines.

Several machines are described by the environment variable TF_CONFIG, which TensorFlow itself reads; every worker runs the same
command with its own.
"""

import tensorflow as tf

from gated_inpaint.errors import InputError


def make_strategy(name):
    """The tf.distribute strategy by its name in TrainingOptions.

    Raises:
      InputError: TF_CONFIG is missing or names no workers, where there must be some.
    """
    if name == "mirrored":
        return tf.distribute.MirroredStrategy([device.name for device in tf.config.list_logical_devices(_kind())])
    if name == "multi_worker_mirrored":
        cluster = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        if not cluster.cluster_spec().as_dict().get("worker"):
            raise InputError(
                "--distribution_strategy=multi_worker_mirrored needs TF_CONFIG to name the workers, and which this is."
            )
        return tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=cluster)
    return tf.distribute.OneDeviceStrategy(tf.config.list_logical_devices(_kind())[0].name)


def has_gpu():
    return _kind() == "GPU"


def worker_of(strategy):
    """(index of this worker, number of workers); the chief is worker 0."""
    resolver = strategy.cluster_resolver if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) else None
    if resolver is None:
        return 0, 1
    workers = resolver.cluster_spec().as_dict()
    chiefs = len(workers.get("chief", []))
    index = resolver.task_id + (chiefs if resolver.task_type == "worker" else 0)
    return index, chiefs + len(workers.get("worker", []))


def _kind():
    return "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
