// ApusModelConfig
