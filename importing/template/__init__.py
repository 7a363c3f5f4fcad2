"""Open-LLM-VTuber's ``conf.yaml`` and ``characters/*.yaml``, translated into ours."""
