// ApusServing
