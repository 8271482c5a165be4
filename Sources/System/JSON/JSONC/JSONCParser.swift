internal import DVLACJSONC
import DVLADiagnostics

/// Reads text that the gate accepted, by json-c.
///
/// The unsafe part: json-c's objects are counted references. The root is freed in `parse` after
/// the conversion, children are borrowed from it meanwhile, and every string is copied.
enum JSONCParser {
  /// - Parameters:
  ///   - bytes: at most `JSONLimits.byteCountCeiling`.
  ///   - valueCount: how many values the gate counted; json-c must find as many.
  static func parse(
    _ bytes: UnsafeRawBufferPointer, valueCount: Int, limits: JSONLimits
  ) throws(WeightsError) -> JSONValue {
    // json-c counts the scalar inside the innermost container as a level too.
    guard let tokener = unsafe json_tokener_new_ex(Int32(limits.maximumDepth + 2)) else {
      throw WeightsError(.jsonDisagreement, .unavailable, "no memory for the JSON reader")
    }
    defer { unsafe json_tokener_free(tokener) }
    unsafe json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8)

    let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
    var root = unsafe json_tokener_parse_ex(tokener, start, Int32(bytes.count))
    var end = unsafe json_tokener_get_parse_end(tokener)
    if unsafe json_tokener_get_error(tokener) == json_tokener_continue, end == bytes.count {
      // A number at the end of the text could go on: only a NUL ends it for json-c.
      unsafe root = json_tokener_parse_ex(tokener, "", 1)
      end = bytes.count
    }
    defer { unsafe json_object_put(root) }
    let status = unsafe json_tokener_get_error(tokener)
    guard status == json_tokener_success, end == bytes.count else {
      throw WeightsError(
        .jsonDisagreement, .malformed,
        "json-c stops at byte \(end) of \(bytes.count): "
          + (unsafe String(cString: json_tokener_error_desc(status))))
    }
    var found = 0
    let value = unsafe convert(root, counting: &found)
    guard found == valueCount else {
      throw WeightsError(
        .jsonDisagreement, .malformed, "expected \(valueCount) values, json-c found \(found)")
    }
    return value
  }

  private static func convert(_ node: OpaquePointer?, counting count: inout Int) -> JSONValue {
    count += 1
    switch unsafe json_object_get_type(node) {
    case json_type_boolean: return .bool(unsafe json_object_get_boolean(node) != 0)
    case json_type_double: return .number(unsafe json_object_get_double(node))
    case json_type_int: return unsafe integer(node)
    case json_type_string: return .string(unsafe string(node))
    case json_type_array:
      let length = unsafe json_object_array_length(node)
      var elements: [JSONValue] = []
      elements.reserveCapacity(length)
      for index in 0..<length {
        elements.append(
          unsafe convert(json_object_array_get_idx(node, index), counting: &count))
      }
      return .array(elements)
    case json_type_object: return .object(unsafe object(node, counting: &count))
    default: return .null
    }
  }

  private static func object(
    _ node: OpaquePointer?, counting count: inout Int
  ) -> JSONObject {
    var members: [(String, JSONValue)] = []
    unsafe members.reserveCapacity(Int(json_object_object_length(node)))
    var iterator = unsafe json_object_iter_begin(node)
    var end = unsafe json_object_iter_end(node)
    while unsafe json_object_iter_equal(&iterator, &end) == 0 {
      // Keys end at their first NUL; the gate lets none through.
      if let key = unsafe json_object_iter_peek_name(&iterator) {
        let value = unsafe json_object_iter_peek_value(&iterator)
        unsafe members.append((String(cString: key), convert(value, counting: &count)))
      }
      unsafe json_object_iter_next(&iterator)
    }
    return JSONObject(members)
  }

  private static func integer(_ node: OpaquePointer?) -> JSONValue {
    let value = unsafe json_object_get_int64(node)
    guard value == .max else { return .integer(value) }
    // json-c saturates: only the unsigned value distinguishes the maximum from larger ones.
    let magnitude = unsafe json_object_get_uint64(node)
    return magnitude > UInt64(Int64.max) ? .unsigned(magnitude) : .integer(value)
  }

  private static func string(_ node: OpaquePointer?) -> String {
    guard let start = unsafe json_object_get_string(node) else { return "" }
    let length = Int(unsafe json_object_get_string_len(node))
    return unsafe String(
      decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
  }
}
