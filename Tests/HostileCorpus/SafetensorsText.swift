/// A safetensors file of its parts, written without the code under test.
///
/// - Parameters:
///   - header: the JSON text.
///   - data: bytes behind it.
///   - length: what the file says of the header; its length by default.
func safetensors(_ header: [UInt8], data: Int = 0, length: UInt64? = nil) -> [UInt8] {
  let length = length ?? UInt64(header.count)
  return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header
    + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
}

func safetensors(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
  safetensors(Array(header.utf8), data: data, length: length)
}

/// A member of a header.
func member(_ name: String, _ dtype: String, _ shape: String, _ offsets: String) -> String {
  #""\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
}

/// A file of those members.
func safetensors(members: String..., data: Int) -> [UInt8] {
  safetensors("{" + members.joined(separator: ",") + "}", data: data)
}

/// A member that needs one byte of data.
let oneByte = #"{"dtype":"U8","shape":[],"data_offsets":[0,1]}"#
