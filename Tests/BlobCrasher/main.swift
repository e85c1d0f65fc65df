// Uploads until it is killed. Usage: weir-blob-crasher DIRECTORY SEED
