package import ApusTensor

/// What a decoded picture's values are, in their order.
package enum PixelFormat: String, FieldKind, CaseIterable {
  case rgb, bgr, grey
}

/// Decodes a picture file.
///
/// Operand `file`: its bytes (uint8). The result is uint8 [height, width, 3], or [height, width, 1] for
/// grey. A file that is damaged gives a picture without pixels. Grey is the luma of ITU-R BT.601.
/// Source: ONNX ImageDecoder-20.
package struct ImageDecode: Operator {
  package static let name = "image_decode"
  package static let operandNames = ["file"]
  package static var fields: [Field<Self>] { [Field("format", \.format)] }

  package var format = PixelFormat.rgb

  package init() {}
  package init(format: PixelFormat) { self.format = format }

  package func infer(_ operands: Operands) throws(TypeError) -> [Fact] {
    try operands.expect(1...1)
    _ = try operands.require(0, element: [.uint8])
    _ = try operands.require(0, rank: 1)
    return [Fact(.uint8, [.unknown, .unknown, .fixed(format == .grey ? 1 : 3)])]
  }

  package func evaluate(
    _ operands: [HostTensor?], _ results: [TensorType]
  ) throws(EvaluationError) -> [HostTensor] {
    let file = try operands.tensor(0)
    guard file.element == .uint8 else {
      throw .type(.element(operand: "file", found: file.element, allowed: [.uint8]))
    }
    let raster: Raster
    do { raster = try Raster(decoding: file.packedBytes) } catch {
      if case .unsupported(let what) = error { throw .unsupported(what) }
      return [try tensor([0, 0, format == .grey ? 1 : 3], [])]
    }
    var pixels = raster.pixels
    switch format {
    case .rgb: break
    case .bgr:
      for index in stride(from: 0, to: pixels.count, by: 3) { pixels.swapAt(index, index + 2) }
    case .grey:
      pixels = stride(from: 0, to: pixels.count, by: 3).map { index in
        let (red, green, blue) = (
          Int(pixels[index]), Int(pixels[index + 1]), Int(pixels[index + 2])
        )
        return UInt8((red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16)
      }
    }
    return [try tensor([raster.height, raster.width, format == .grey ? 1 : 3], pixels)]
  }

  private func tensor(
    _ shape: [Int], _ pixels: [UInt8]
  ) throws(EvaluationError) -> HostTensor {
    do { return try HostTensor(.uint8, shape: shape, bytes: pixels) } catch { throw .tensor(error) }
  }
}
