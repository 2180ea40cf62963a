internal import ApusIR
internal import ApusTensor

/// Resize and Upsample.
enum Resizing {
  static func resize(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    let data = try context.operand(0, "X")
    var operation = Resize()
    operation.mode = try mode(&attributes)
    if context.opset < 11 {
      try context.expect(2)
      operation.transform = .asymmetric
      operation.rounding = .outward
      return [try context.one(operation, data, nil, try context.operand(1, "scales"), nil)]
    }
    try context.expect(1...4)
    operation.transform = try attributes.choice(
      "coordinate_transformation_mode", default: ResizeTransform.halfPixel,
      [
        ("half_pixel", .halfPixel), ("half_pixel_symmetric", .halfPixelSymmetric),
        ("pytorch_half_pixel", .torchHalfPixel), ("align_corners", .alignCorners),
        ("asymmetric", .asymmetric), ("tf_half_pixel_for_nn", .shiftedHalfPixel),
        ("tf_crop_and_resize", .cropAndResize),
      ])
    operation.rounding = try attributes.choice(
      "nearest_mode", default: ResizeRounding.roundPreferFloor,
      [
        ("round_prefer_floor", .roundPreferFloor), ("round_prefer_ceil", .roundPreferCeil),
        ("floor", .floor), ("ceil", .ceil),
      ])
    operation.cubicCoefficient = try attributes.real("cubic_coeff_a", default: -0.75)
    operation.excludeOutside = try attributes.flag("exclude_outside", default: false)
    operation.outside = try attributes.real("extrapolation_value", default: 0)
    if context.opset >= 18 {
      operation.antialias = try attributes.flag("antialias", default: false)
      operation.axes = try attributes.integers("axes") ?? []
      operation.aspect = try attributes.choice(
        "keep_aspect_ratio_policy", default: ResizeAspect.stretch,
        [("stretch", .stretch), ("not_larger", .notLarger), ("not_smaller", .notSmaller)])
    }
    return [
      try context.one(
        operation, data, given(context, 1), given(context, 2), given(context, 3))
    ]
  }

  /// Exporters write a tensor without elements for an operand that is left out.
  private static func given(_ context: NodeContext, _ index: Int) -> ValueID? {
    guard let value = context.optional(index) else { return nil }
    return context.fact(value).type.elementCount == 0 ? nil : value
  }

  private static func mode(_ attributes: inout AttributeReader) throws(ImportError) -> ResizeMode {
    try attributes.choice(
      "mode", default: ResizeMode.nearest,
      [("nearest", .nearest), ("linear", .linear), ("bilinear", .linear), ("cubic", .cubic)])
  }

  static func upsample(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    var operation = Resize()
    operation.mode = try mode(&attributes)
    operation.transform = .asymmetric
    operation.rounding = .floor
    let data = try context.operand(0, "X")
    if context.opset >= 9 {
      try context.expect(2)
      return [try context.one(operation, data, nil, try context.operand(1, "scales"), nil)]
    }
    try context.expect(1)
    let scales: [Double]
    if context.opset >= 7 {
      guard let listed = try attributes.reals("scales") else {
        throw .invalid("it is required", .attribute("scales"))
      }
      scales = listed
    } else {
      guard let width = try attributes.real("width_scale"),
        let height = try attributes.real("height_scale")
      else { throw .invalid("it is required", .attribute("width_scale")) }
      scales = [1, 1, height, width]
    }
    let tensor: HostTensor
    do { tensor = try HostTensor(.float32, shape: [scales.count], .real(scales)) } catch {
      throw .invalid("\(error)", .attribute("scales"))
    }
    return [try context.one(operation, data, nil, try context.constant(tensor), nil)]
  }
}
