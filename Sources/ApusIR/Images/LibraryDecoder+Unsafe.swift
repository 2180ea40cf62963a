internal import CApusPlatform

/// Pictures that system libraries decode, which are opened when one is met.
enum LibraryDecoder {
  static func webP(_ bytes: [UInt8]) throws(ImageError) -> Raster {
    var width: Int32 = 0
    var height: Int32 = 0
    let status = unsafe bytes.withUnsafeBufferPointer {
      unsafe apus_webp_size($0.baseAddress, $0.count, &width, &height)
    }
    guard status != APUS_IMAGE_NO_LIBRARY else {
      throw .unsupported("WebP pictures without the library libwebp")
    }
    guard status == 0 else { throw .damaged("no WebP picture") }
    var raster = try Raster(width: Int(width), height: Int(height))
    let stride = width * 3
    let decoded = unsafe bytes.withUnsafeBufferPointer { source in
      unsafe raster.pixels.withUnsafeMutableBufferPointer { target in
        unsafe apus_webp_decode(
          source.baseAddress, source.count, target.baseAddress, target.count, stride)
      }
    }
    guard decoded == 0 else { throw .damaged("a damaged WebP picture") }
    return raster
  }
}
