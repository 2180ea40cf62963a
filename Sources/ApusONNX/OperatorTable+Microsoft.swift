internal import ApusIR
internal import ApusLoops

extension OperatorTable {
  /// Operators of domain com.microsoft, as ONNX Runtime's optimiser and quantizer write them.
  static let microsoft: [OperatorImporter] =
    microsoftProducts + microsoftNormalization + microsoftQuantized

  private static let microsoftProducts: [OperatorImporter] = [
    .init("Attention", PackedAttention.attention),
    .init("BiasAdd", MicrosoftActivations.biasAdd),
    .init("BiasDropout", Dropout.biased),
    .init("BiasGelu", MicrosoftActivations.gelu(.gelu)),
    .init("BiasSoftmax", MicrosoftActivations.biasSoftmax),
    .init("BiasSplitGelu", MicrosoftActivations.biasSplit),
    .init("ExpandDims", MicrosoftMatrices.expandDimensions),
    .init("FastGelu", MicrosoftActivations.gelu(.geluTanh)),
    .init("FusedConv", FusedProducts.convolution(fused: true, channelsLast: false)),
    .init("FusedGemm", FusedProducts.gemm),
    .init("FusedMatMul", FusedProducts.matMul(activated: false, batches: true)),
    .init("FusedMatMulActivation", FusedProducts.matMul(activated: true, batches: true)),
    .init("Gelu", MicrosoftActivations.gelu(.gelu)),
    .init("GemmFastGelu", FusedProducts.gemmFastGelu),
    .init("GroupQueryAttention", GroupQueryAttention.attention),
    .init("Inverse", MicrosoftMatrices.inverse),
    .init("MultiHeadAttention", PackedAttention.multiHead),
    .init("NhwcConv", FusedProducts.convolution(fused: false, channelsLast: true)),
    .init("NhwcFusedConv", FusedProducts.convolution(fused: true, channelsLast: true)),
    .init("NhwcMaxPool", FusedProducts.maximumPool),
    .init("PackedAttention", TokenPacking.attention),
    .init("PackedMultiHeadAttention", TokenPacking.multiHead),
    .init("QuickGelu", MicrosoftActivations.quick),
    .init("RotaryEmbedding", RotaryEmbedding.microsoft),
    .init("Solve", MicrosoftMatrices.solve),
    .init("TransposeMatMul", FusedProducts.matMul(activated: false, batches: false)),
    .init("Trilu", MicrosoftMatrices.triangle),
    .init("Unique", MicrosoftMatrices.unique),
  ]

  private static let microsoftNormalization: [OperatorImporter] = [
    .init("EmbedLayerNormalization", SkipNormalization.embeddings),
    .init("GroupNorm", SkipNormalization.group(skips: false)),
    .init("SimplifiedLayerNormalization", SkipNormalization.simplified),
    .init("SkipGroupNorm", SkipNormalization.group(skips: true)),
    .init("SkipLayerNormalization", SkipNormalization.layer),
    .init("SkipSimplifiedLayerNormalization", SkipNormalization.rootMeanSquare),
  ]

  private static let microsoftQuantized: [OperatorImporter] = [
    .init("DequantizeLinear", QuantizedElements.dequantize),
    .init("DynamicQuantizeLSTM", QuantizedProducts.recurrent),
    .init("DynamicQuantizeMatMul", QuantizedProducts.dynamicMatMul),
    .init("MatMulIntegerToFloat", QuantizedProducts.matMulToFloat),
    .init("MatMulNBits", QuantizedProducts.narrowMatMul),
    .init("QAttention", PackedAttention.quantized),
    .init("QGemm", QuantizedProducts.gemm),
    .init("QLinearAdd", QuantizedElements.binary(.add)),
    .init("QLinearAveragePool", QuantizedElements.averagePool),
    .init("QLinearConcat", QuantizedElements.concat),
    .init("QLinearConv", QuantizedProducts.convolution),
    .init("QLinearGlobalAveragePool", QuantizedElements.globalAveragePool),
    .init("QLinearLeakyRelu", QuantizedElements.leaky),
    .init("QLinearMul", QuantizedElements.binary(.multiply)),
    .init("QLinearReduceMean", QuantizedElements.reduceMean),
    .init("QLinearSigmoid", QuantizedElements.sigmoid),
    .init("QLinearSoftmax", QuantizedElements.softmax),
    .init("QLinearWhere", QuantizedElements.choose),
    .init("QuantizeLinear", QuantizedElements.quantize),
  ]

  /// What ONNX Runtime writes into the standard domain without it being standard.
  static let runtimeDialect: [OperatorImporter] = [
    .init("SimplifiedLayerNormalization", SkipNormalization.simplified)
  ]
}
