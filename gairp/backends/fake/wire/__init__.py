"""The formats that a question and its answer travel in, one file each."""
