#if Server
internal import ApusServing

extension RequestTimes {
  /// The times from the queue to the end of the computation under the names of Triton's traces; 0 where there is none.
  var stations: [(name: String, time: UInt64)] {
    [
      ("QUEUE_START", queueStart), ("COMPUTE_START", computeStart),
      ("COMPUTE_INPUT_END", inputEnd), ("COMPUTE_OUTPUT_START", outputStart),
      ("COMPUTE_END", computeEnd),
    ]
  }
}
#endif
