internal import ApusIR
internal import ApusLoops
internal import ApusTensor

/// Sampling, regions and boxes.
enum Vision {
  static func gridSample(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    var operation = GridSample()
    operation.mode = try attributes.choice(
      "mode", default: ResizeMode.linear,
      [
        ("linear", .linear), ("bilinear", .linear), ("nearest", .nearest), ("cubic", .cubic),
        ("bicubic", .cubic),
      ])
    operation.padding = try attributes.choice(
      "padding_mode", default: SamplePadding.zeros,
      [("zeros", .zeros), ("border", .border), ("reflection", .reflection)])
    operation.alignCorners = try attributes.flag("align_corners", default: false)
    return [
      try context.one(operation, try context.operand(0, "X"), try context.operand(1, "grid"))
    ]
  }

  static func affineGrid(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    let operation = AffineGrid(alignCorners: try attributes.flag("align_corners", default: false))
    return [
      try context.one(operation, try context.operand(0, "theta"), try context.operand(1, "size"))
    ]
  }

  static func suppress(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...5)
    let operation = SuppressNonMaximum(
      centered: try attributes.flag("center_point_box", default: false))
    return [
      try context.one(
        operation, try context.operand(0, "boxes"), try context.operand(1, "scores"),
        context.optional(2), context.optional(3), context.optional(4))
    ]
  }

  static func align(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3)
    var operation = AlignRegions()
    operation.rows = try attributes.integer("output_height", default: 1)
    operation.columns = try attributes.integer("output_width", default: 1)
    operation.samples = try attributes.integer("sampling_ratio", default: 0)
    operation.scale = try attributes.real("spatial_scale", default: 1)
    operation.maximum = try attributes.choice(
      "mode", default: false, [("avg", false), ("max", true)])
    if context.opset >= 16 {
      operation.halfPixel = try attributes.choice(
        "coordinate_transformation_mode", default: true,
        [("half_pixel", true), ("output_half_pixel", false)])
    }
    return [
      try context.one(
        operation, try context.operand(0, "X"), try context.operand(1, "rois"),
        try context.operand(2, "batch_indices"))
    ]
  }

  static func pool(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2)
    guard let shape = try attributes.integers("pooled_shape"), shape.count == 2 else {
      throw .invalid("expected rows and columns", .attribute("pooled_shape"))
    }
    let operation = PoolRegions(
      rows: shape[0], columns: shape[1], scale: try attributes.real("spatial_scale", default: 1))
    return [
      try context.one(operation, try context.operand(0, "X"), try context.operand(1, "rois"))
    ]
  }

  static func unpool(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    guard let kernel = try attributes.integers("kernel_shape") else {
      throw .invalid("it is required", .attribute("kernel_shape"))
    }
    var operation = Unpool()
    operation.kernel = kernel
    operation.strides = try attributes.integers("strides") ?? []
    operation.pads = try attributes.integers("pads") ?? []
    return [
      try context.one(
        operation, try context.operand(0, "X"), try context.operand(1, "I"), context.optional(2))
    ]
  }

  static func columns(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3)
    var operation = ColumnsToImage()
    operation.strides = try attributes.integers("strides") ?? []
    operation.dilations = try attributes.integers("dilations") ?? []
    operation.pads = try attributes.integers("pads") ?? []
    return [
      try context.one(
        operation, try context.operand(0, "input"), try context.operand(1, "image_shape"),
        try context.operand(2, "block_shape"))
    ]
  }

  static func deformable(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(3...5)
    attributes.ignore("kernel_shape")
    var operation = DeformableConvolution()
    operation.strides = try attributes.integers("strides") ?? []
    operation.dilations = try attributes.integers("dilations") ?? []
    operation.pads = try attributes.integers("pads") ?? []
    operation.group = try attributes.integer("group", default: 1)
    operation.offsetGroup = try attributes.integer("offset_group", default: 1)
    return [
      try context.one(
        operation, try context.operand(0, "X"), try context.operand(1, "W"),
        try context.operand(2, "offset"), context.optional(3), context.optional(4))
    ]
  }

  static func transposed(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(2...3)
    let window = try WindowAttributes(&attributes)
    var operation = TransposedConvolution()
    operation.strides = window.strides
    operation.dilations = window.dilations
    operation.pads = window.pads
    operation.padding = window.padding
    operation.group = try attributes.integer("group", default: 1)
    operation.outputPadding = try attributes.integers("output_padding") ?? []
    operation.outputShape = try attributes.integers("output_shape") ?? []
    return [
      try context.one(
        operation, try context.operand(0, "X"), try context.operand(1, "W"), context.optional(2))
    ]
  }
}
