/// What kernels report through slot 0, laid out as `apus_status`.
struct ApusStatus {
  var code: Int32 = 0
  var reserved: Int32 = 0
  var value: Int64 = 0
  var limit: Int64 = 0
}
