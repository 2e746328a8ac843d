"""The kinds of plug-ins: which section of params.yaml names them, and where their files lie."""

# kind -> section of params.yaml with its names and their arguments
SECTIONS = {
    "dataset": "datasets",
    "backbone": "backbones",
    "attention": "attention",
    "architecture": "architectures",
}
# kind -> folder of its files below the root of the project
FOLDERS = {kind: f"{'data' if kind == 'dataset' else 'models'}/{name}" for kind, name in SECTIONS.items()}
MODEL = ("backbone", "attention", "architecture")  # the kinds that a cell's model is made of
