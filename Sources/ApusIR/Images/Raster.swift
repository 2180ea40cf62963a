internal import ApusTensor

/// A decoded picture: rows of pixels, red, green and blue in 8 bits each.
package struct Raster: Sendable {
  package let width: Int
  package let height: Int
  package internal(set) var pixels: [UInt8]

  /// Pictures have no more pixels.
  package static let pixelLimit = 1 << 26

  /// A black picture.
  init(width: Int, height: Int) throws(ImageError) {
    guard width > 0, height > 0, width <= Self.pixelLimit, height <= Self.pixelLimit / width else {
      throw .damaged("a size of \(width) by \(height)")
    }
    self.width = width
    self.height = height
    pixels = [UInt8](repeating: 0, count: width * height * 3)
  }

  mutating func set(_ pixel: Int, _ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    pixels[pixel * 3] = red
    pixels[pixel * 3 + 1] = green
    pixels[pixel * 3 + 2] = blue
  }

  /// Decodes a file by its first bytes. GIF, and what needs a library that the machine lacks, is
  /// not supported.
  package init(decoding bytes: [UInt8]) throws(ImageError) {
    func starts(_ prefix: [UInt8]) -> Bool { bytes.starts(with: prefix) }
    if starts([0x89, 0x50, 0x4E, 0x47]) {
      self = try PNGDecoder.decode(bytes)
    } else if starts([0xFF, 0xD8]) {
      self = try JPEGDecoder.decode(bytes)
    } else if starts([0x42, 0x4D]) {
      self = try BMPDecoder.decode(bytes)
    } else if starts([0x49, 0x49, 0x2A, 0]) || starts([0x4D, 0x4D, 0, 0x2A]) {
      self = try TIFFDecoder.decode(bytes)
    } else if bytes.count > 2, bytes[0] == 0x50, (0x31...0x36).contains(bytes[1]) {
      self = try PNMDecoder.decode(bytes)
    } else if starts([0x52, 0x49, 0x46, 0x46]), bytes.count > 12, bytes[8...11] == [87, 69, 66, 80]
    {
      self = try LibraryDecoder.webP(bytes)
    } else if starts([0, 0, 0, 12, 0x6A, 0x50]) || starts([0xFF, 0x4F, 0xFF, 0x51]) {
      self = try JPEG2000.decode(bytes)
    } else {
      throw .damaged("no known kind of picture")
    }
  }
}

/// Why a picture cannot be decoded.
package enum ImageError: Error, Hashable, Sendable {
  case damaged(String)
  case unsupported(String)
}

/// Reads numbers of a file with checked places.
struct ImageReader {
  let bytes: [UInt8]
  var position = 0
  var isBigEndian = true

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var left: Int { bytes.count - position }

  mutating func byte() throws(ImageError) -> Int {
    guard position >= 0, position < bytes.count else { throw .damaged("it ends too early") }
    position += 1
    return Int(bytes[position - 1])
  }

  mutating func short() throws(ImageError) -> Int {
    let (a, b) = (try byte(), try byte())
    return isBigEndian ? a << 8 | b : b << 8 | a
  }

  mutating func word() throws(ImageError) -> Int {
    let (a, b) = (try short(), try short())
    return isBigEndian ? a << 16 | b : b << 16 | a
  }

  mutating func take(_ count: Int) throws(ImageError) -> ArraySlice<UInt8> {
    guard count >= 0, position >= 0, count <= left else { throw .damaged("it ends too early") }
    position += count
    return bytes[(position - count)..<position]
  }

  mutating func seek(_ place: Int) throws(ImageError) {
    guard place >= 0, place <= bytes.count else { throw .damaged("it points past its end") }
    position = place
  }
}

extension Inflate {
  /// Decompresses a zlib stream (RFC 1950) of known size.
  static func zlib(_ stream: [UInt8], size: Int) throws(ImageError) -> [UInt8] {
    guard stream.count > 2, stream[0] & 15 == 8, stream[1] & 32 == 0 else {
      throw .damaged("a compressed part without its header")
    }
    do { return try decompress(Array(stream[2...]), size: size) } catch {
      throw .damaged("\(error)")
    }
  }
}
