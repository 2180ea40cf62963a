internal import ApusIR

/// The attributes that convolutions and pools share.
struct WindowAttributes {
  var kernel: [Int]?
  var strides: [Int]
  var dilations: [Int]
  var pads: [Int]
  var padding: ConvolutionPadding

  init(
    _ attributes: inout AttributeReader, hasDilations: Bool = true
  ) throws(ImportError) {
    kernel = try attributes.integers("kernel_shape")
    strides = try attributes.integers("strides") ?? []
    dilations = hasDilations ? try attributes.integers("dilations") ?? [] : []
    pads = try attributes.integers("pads") ?? []
    padding = try attributes.choice(
      "auto_pad", default: ConvolutionPadding.explicit,
      [
        ("NOTSET", .explicit), ("SAME_UPPER", .sameUpper), ("SAME_LOWER", .sameLower),
        ("VALID", .valid),
      ])
    if padding != .explicit { pads = [] }
  }
}
