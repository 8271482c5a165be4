internal import DVLACJSONC

/// Writes values by json-c.
///
/// The unsafe part: json-c's objects are counted references. Each child is handed over to its
/// parent at once, the root is freed in `encode`, and the text is copied out before.
enum JSONCWriter {
  static func encode(_ value: JSONValue, pretty: Bool) -> String {
    precondition(
      lengthBound(value, depth: 1) <= Int(Int32.max), "json-c writes at most 2 GiB of text")
    let root = unsafe node(value)
    defer { unsafe json_object_put(root) }
    let layout = pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : 0
    var length = 0
    guard
      let text = unsafe json_object_to_json_string_length(
        root, layout | JSON_C_TO_STRING_NOSLASHESCAPE, &length)
    else { preconditionFailure("no memory for JSON text") }
    return unsafe String(
      decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
  }

  /// An upper bound of the text's length in either layout. json-c drops what exceeds its `int`
  /// without a word.
  private static func lengthBound(_ value: JSONValue, depth: Int) -> Int {
    let indentation = 2 * depth + 4
    var bound = indentation
    switch value {
    case .null, .bool, .integer, .unsigned, .number: bound += 32
    case .string(let text): bound += lengthBound(text)
    case .array(let elements):
      for element in elements {
        bound += indentation + lengthBound(element, depth: depth + 1)
      }
    case .object(let object):
      for (key, value) in object.members {
        bound += indentation + lengthBound(key) + lengthBound(value, depth: depth + 1)
      }
    }
    return bound
  }

  /// The longest escape, `\u0001`, makes six bytes of one.
  private static func lengthBound(_ text: String) -> Int { 6 * text.utf8.count + 2 }

  /// A new node, nil for null, which the caller owns.
  private static func node(_ value: JSONValue) -> OpaquePointer? {
    switch value {
    case .null: return nil
    case .bool(let value): return unsafe json_object_new_boolean(value ? 1 : 0)
    case .integer(let value): return unsafe json_object_new_int64(value)
    case .unsigned(let value): return unsafe json_object_new_uint64(value)
    case .number(let value):
      // Swift prints the shortest decimal that reads back as the same double; json-c's own
      // 17 digits do too, but turn 0.1 into 0.10000000000000001.
      return value.isFinite ? unsafe json_object_new_double_s(value, "\(value)") : nil
    case .string(let value):
      return unsafe value.utf8.span.withUnsafeBytes { bytes in
        let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        return unsafe start.map { unsafe json_object_new_string_len($0, Int32(bytes.count)) }
          ?? json_object_new_string("")
      }
    case .array(let elements):
      let array = unsafe json_object_new_array_ext(Int32(elements.count))
      for element in elements { unsafe json_object_array_add(array, node(element)) }
      return unsafe array
    case .object(let object):
      let node = unsafe json_object_new_object()
      for (key, value) in object.members {
        precondition(!key.utf8.contains(0), "json-c cuts keys at NUL")
        unsafe json_object_object_add(node, key, self.node(value))
      }
      return unsafe node
    }
  }
}
