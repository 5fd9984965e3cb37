"""Objects in files of desired state: as elsewhere, with references by name and to secrets."""
