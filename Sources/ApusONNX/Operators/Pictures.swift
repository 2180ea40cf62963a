internal import ApusIR

/// ImageDecoder.
enum Pictures {
  static func decode(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    let format: PixelFormat = try attributes.choice(
      "pixel_format", default: .rgb, [("RGB", .rgb), ("BGR", .bgr), ("Grayscale", .grey)])
    return [
      try context.one(ImageDecode(format: format), try context.operand(0, "encoded_stream"))
    ]
  }
}
