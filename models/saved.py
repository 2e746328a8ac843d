"""Everything that a saved model may contain, registered: import this before `keras.saving.load_model`."""

import importlib
import pkgutil

from vidattn.models import attention, graph, layers, parts

for package in (layers, parts, graph, attention):
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
