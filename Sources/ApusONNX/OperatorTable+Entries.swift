internal import ApusIR
internal import ApusLoops

/// Every ONNX operator that can be imported, by domain. A new one is entered here once.
enum OperatorTable {
  static let entries: [(domain: String, importers: [OperatorImporter])] = [
    (domain: "", importers: arithmetic + logic + activations + movement + shapes + products),
    (domain: "", importers: values),
    (domain: "", importers: strings),
    (domain: "", importers: images),
    (domain: "com.microsoft", importers: microsoftStrings),
    (domain: "ai.onnx.ml", importers: machineLearning),
  ]

  private static let arithmetic: [OperatorImporter] = [
    .init("Abs", unary(.absolute)),
    .init("Add", Arithmetic.binary(.add)),
    .init("Ceil", unary(.ceil)),
    .init("Clip", since: 6, Clip.clip),
    .init("Cos", since: 7, unary(.cos)),
    .init("CumSum", since: 11, CumulativeSums.sum),
    .init("Div", Arithmetic.binary(.divide)),
    .init("Erf", since: 9, unary(.erf)),
    .init("Exp", unary(.exp)),
    .init("Floor", unary(.floor)),
    .init("Log", unary(.log)),
    .init("Max", Arithmetic.fold(.maximum)),
    .init("Mean", Arithmetic.mean),
    .init("Min", Arithmetic.fold(.minimum)),
    .init("Mod", since: 10, Arithmetic.modulo),
    .init("Mul", Arithmetic.binary(.multiply)),
    .init("Neg", unary(.negate)),
    .init("Pow", Arithmetic.power),
    .init("Reciprocal", unary(.reciprocal)),
    .init("ReduceL1", Reductions.reduce(.l1, operandSince: 18)),
    .init("ReduceL2", Reductions.reduce(.l2, operandSince: 18)),
    .init("ReduceLogSum", Reductions.reduce(.logSum, operandSince: 18)),
    .init("ReduceLogSumExp", Reductions.reduce(.logSumExp, operandSince: 18)),
    .init("ReduceMax", Reductions.reduce(.maximum, operandSince: 18)),
    .init("ReduceMean", Reductions.reduce(.mean, operandSince: 18)),
    .init("ReduceMin", Reductions.reduce(.minimum, operandSince: 18)),
    .init("ReduceProd", Reductions.reduce(.product, operandSince: 18)),
    .init("ReduceSum", Reductions.reduce(.sum, operandSince: 13)),
    .init("ReduceSumSquare", Reductions.reduce(.sumSquare, operandSince: 18)),
    .init("Round", since: 11, unary(.round)),
    .init("Sign", since: 9, unary(.sign)),
    .init("Sin", since: 7, unary(.sin)),
    .init("Sqrt", unary(.sqrt)),
    .init("Sub", Arithmetic.binary(.subtract)),
    .init("Sum", Arithmetic.fold(.add)),
  ]

  private static let logic: [OperatorImporter] = [
    .init("And", Arithmetic.binary(.and)),
    .init("Equal", Arithmetic.binary(.equal)),
    .init("Greater", Arithmetic.binary(.less, swapped: true)),
    .init("GreaterOrEqual", since: 12, Arithmetic.binary(.lessOrEqual, swapped: true)),
    .init("Less", Arithmetic.binary(.less)),
    .init("LessOrEqual", since: 12, Arithmetic.binary(.lessOrEqual)),
    .init("Not", unary(.not)),
    .init("Or", Arithmetic.binary(.or)),
    .init("Where", since: 9, Selection.choose),
    .init("Xor", Arithmetic.binary(.xor)),
  ]

  private static let activations: [OperatorImporter] = [
    .init("Celu", since: 12, ExponentialUnits.celu),
    .init("Elu", ExponentialUnits.elu),
    .init("Gelu", since: 20, Gating.gelu),
    .init("HardSigmoid", HardActivations.sigmoid),
    .init("HardSwish", since: 14, HardActivations.swish),
    .init("LeakyRelu", Rectifiers.leaky),
    .init("LogSoftmax", SoftmaxFamily.softmax(logarithm: true)),
    .init("Mish", since: 18, Gating.mish),
    .init("PRelu", Rectifiers.parametric),
    .init("Relu", unary(.relu)),
    .init("Selu", ExponentialUnits.selu),
    .init("Shrink", since: 9, Rectifiers.shrink),
    .init("Sigmoid", unary(.sigmoid)),
    .init("Softmax", SoftmaxFamily.softmax(logarithm: false)),
    .init("Softplus", Gating.softplus),
    .init("Softsign", Gating.softsign),
    .init("Swish", since: 24, Gating.swish),
    .init("Tanh", unary(.tanh)),
    .init("ThresholdedRelu", since: 10, Rectifiers.thresholded),
  ]

  private static let movement: [OperatorImporter] = [
    .init("Cast", Conversion.cast),
    .init("CastLike", since: 15, Conversion.castLike),
    .init("Concat", Joining.concat),
    .init("Constant", Constants.constant),
    .init("ConstantOfShape", since: 9, Constants.ofShape),
    .init("DepthToSpace", BlockMoves.depthToSpace),
    .init("Dropout", Pass.dropout),
    .init("Expand", since: 8, Indexing.expand),
    .init("Flatten", Reshaping.flatten),
    .init("Gather", Indexing.gather),
    .init("GatherElements", since: 11, Indexing.gatherElements),
    .init("GatherND", since: 11, Indexing.gatherND),
    .init("Identity", Pass.identity),
    .init("Range", since: 11, Shapes.range),
    .init("Reshape", Reshaping.reshape),
    .init("Slice", Slicing.slice),
    .init("SpaceToDepth", BlockMoves.spaceToDepth),
    .init("Split", Joining.split),
    .init("Squeeze", Reshaping.squeeze),
    .init("Tile", since: 6, Tiling.tile),
    .init("Transpose", Reshaping.transpose),
    .init("Unsqueeze", Reshaping.unsqueeze),
  ]

  private static let shapes: [OperatorImporter] = [
    .init("Shape", Shapes.shape),
    .init("Size", Shapes.size),
  ]

  private static let products: [OperatorImporter] = [
    .init("AveragePool", Pooling.average),
    .init("BatchNormalization", Normalization.batch),
    .init("Conv", ConvolutionFamily.convolution),
    .init("Gemm", Products.gemm),
    .init("GlobalAveragePool", Pooling.global(.mean)),
    .init("GlobalMaxPool", Pooling.global(.maximum)),
    .init("GroupNormalization", since: 18, GroupNormalization.group),
    .init("InstanceNormalization", GroupNormalization.instance),
    .init("LayerNormalization", since: 17, Normalization.layer),
    .init("LpNormalization", LengthNormalization.length),
    .init("MatMul", Products.matMul),
    .init("MaxPool", Pooling.maximum),
    .init("MeanVarianceNormalization", since: 9, LengthNormalization.meanVariance),
    .init("RMSNormalization", since: 23, Normalization.rootMeanSquare),
  ]
}
