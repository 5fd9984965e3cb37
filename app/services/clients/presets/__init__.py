"""Presets: clients of well-known applications. A preset is a file and a line here."""

from app.services.clients.presets.argocd import ARGOCD
from app.services.clients.presets.grafana import GRAFANA
from app.services.clients.presets.kubernetes import KUBERNETES
from app.services.clients.presets.nextcloud import NEXTCLOUD

PRESETS = (GRAFANA, ARGOCD, KUBERNETES, NEXTCLOUD)
