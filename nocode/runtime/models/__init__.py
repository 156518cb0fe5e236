from nocode.runtime.models.app import Deployment, DeploymentLog, GeneratedApp

__all__ = ["Deployment", "DeploymentLog", "GeneratedApp"]
