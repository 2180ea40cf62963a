extension OperatorTable {
  /// Quantization and products of quantized tensors.
  static let quantization: [OperatorImporter] = [
    .init("ConvInteger", since: 10, IntegerProducts.convolution),
    .init("DequantizeLinear", since: 10, Quantization.dequantize),
    .init("DynamicQuantizeLinear", since: 11, Quantization.dynamic),
    .init("MatMulInteger", since: 10, IntegerProducts.matMul),
    .init("QLinearConv", since: 10, IntegerProducts.quantizedConvolution),
    .init("QLinearMatMul", since: 10, IntegerProducts.quantizedMatMul),
    .init("QuantizeLinear", since: 10, Quantization.quantize),
  ]
}
