// Filled by the demo assets.
