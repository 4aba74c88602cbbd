"""Model servers that GAIRP starts itself, as child processes: llama.cpp and vLLM."""
