#if Server
internal import ApusServing

extension TypedContents {
  /// The values as a tensor. Throws where they are more or fewer than the shape has elements.
  func tensor(shape: [Int]) throws(ServingError) -> ServedTensor {
    // Closures lose the type of what they throw.
    let result: Result<ServedTensor, ServingError> = unsafe bytes.withUnsafeBytes { source in
      do throws(ServingError) {
        return .success(
          try unsafe ServedTensor(type, shape: shape, copying: source, input: input))
      } catch { return .failure(error) }
    }
    return try result.get()
  }
}
#endif
