import ApusTensor
import Testing

@testable import ApusIR

@Suite struct ImageDecodeTests {
  private func decode(_ file: [UInt8], _ format: PixelFormat = .rgb) throws -> HostTensor {
    let operand = try HostTensor(.uint8, shape: [file.count], bytes: file)
    return try NumberProbe.run(ImageDecode(format: format), [operand])[0]
  }

  private let pixmap = Array("P6\n# two pixels\n2 1\n255\n".utf8) + [255, 0, 10, 1, 2, 3]

  @Test func formats() throws {
    let rgb = try decode(pixmap)
    #expect(rgb.shape == [1, 2, 3])
    #expect(rgb.packedBytes == [255, 0, 10, 1, 2, 3])
    #expect(try decode(pixmap, .bgr).packedBytes == [10, 0, 255, 3, 2, 1])
    let grey = try decode(pixmap, .grey)
    #expect(grey.shape == [1, 2, 1])
    #expect(grey.packedBytes == [77, 2])
  }

  @Test func plainPixmaps() throws {
    #expect(try decode(Array("P1 3 1\n101".utf8)).packedBytes == [0, 0, 0, 255, 255, 255, 0, 0, 0])
    #expect(try decode(Array("P2 2 1 3 0 3".utf8)).packedBytes == [0, 0, 0, 255, 255, 255])
    #expect(
      try decode(Array("P4 9 1 ".utf8) + [0x80, 0x80]).packedBytes.prefix(6) == [
        0, 0, 0, 255, 255, 255,
      ])
    #expect(try decode(Array("P5 1 1 65535 ".utf8) + [255, 255]).packedBytes == [255, 255, 255])
  }

  /// A red, green and a blue pixel in rows of four colours.
  private let bitmap: [UInt8] =
    [
      0x42, 0x4D, 0, 0, 0, 0, 0, 0, 0, 0, 66, 0, 0, 0, 40, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 8,
      0,
    ]
    + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]
    + [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 1, 2, 0]

  @Test func bitmaps() throws {
    #expect(try decode(bitmap).packedBytes == [255, 0, 0, 0, 255, 0, 0, 0, 255])
  }

  /// Each file of seven by five pixels, with what Pillow makes of it.
  @Test(arguments: ImageFixtures.all)
  func fixtures(fixture: ImageFixtures.Fixture) throws {
    do {
      let found = try decode(fixture.file)
      #expect(found.shape == [5, 7, 3])
      #expect(found.packedBytes == fixture.pixels)
    } catch EvaluationError.unsupported { #expect(fixture.name == "webp") }
  }

  @Test func damagedFilesHaveNoPixels() throws {
    for file in [[], [0x89, 0x50, 0x4E, 0x47], Array("P6 9 9 255 a".utf8), [0xFF, 0xD8, 0xFF]] {
      #expect(try decode(file).shape == [0, 0, 3])
    }
    #expect(try decode(Array("GIF89a".utf8), .grey).shape == [0, 0, 1])
  }

  @Test func truncatedJPEG2000HasNoPixels() throws {
    #expect(try decode([0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20]).shape == [0, 0, 3])
    #expect(try decode([0xFF, 0x4F, 0xFF, 0x51]).shape == [0, 0, 3])
  }

  /// Files with a few changed or missing bytes are decoded or refused.
  @Test(arguments: ImageFixtures.all)
  func hostileFiles(fixture: ImageFixtures.Fixture) throws {
    var random = SplitMix(seed: 11)
    for _ in 0..<400 {
      var file = fixture.file
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        file[Int.random(in: 0..<file.count, using: &random)] = UInt8.random(
          in: 0...255, using: &random)
      }
      if Bool.random(using: &random) {
        file.removeLast(Int.random(in: 0..<file.count, using: &random))
      }
      // A header may ask for a large picture, which is slow rather than wrong.
      let size = (try? Raster(decoding: file)).map { $0.width * $0.height } ?? 0
      #expect(size <= Raster.pixelLimit)
    }
  }
}
