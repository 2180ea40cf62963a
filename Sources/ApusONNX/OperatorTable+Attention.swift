extension OperatorTable {
  /// Attention and what goes with it.
  static let attention: [OperatorImporter] = [
    .init("Attention", since: 23, Attention.attention),
    .init("CausalConvWithState", since: 27, CausalConvolution.convolution),
    .init("LinearAttention", since: 27, LinearAttentionImport.attention),
    .init("RotaryEmbedding", since: 23, RotaryEmbedding.rotary),
    .init("SwiGLU", since: 28, Gating.swishGated),
  ]

  /// Attention of ai.onnx.preview.
  static let previewAttention: [OperatorImporter] = [
    .init("FlexAttention", FlexAttention.attention)
  ]
}
