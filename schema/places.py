"""Where vectors are: which physical collection of the vector index, made by which model."""

from pydantic import BaseModel, ConfigDict


class Place(BaseModel):
    """A collection and the embedding model of its vectors. Vectors of different models never share one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    collection: str
    model: str
