"""Networks, and how they become ONNX."""
