extension HostileCase {
  /// F: calibrations of compensated rounding.
  static let calibrations: [HostileCase] = {
    var list = CaseList(.calibration)
    let refused = "quantization.calibration"
    list.add("F0", "a sound calibration", nil, calibration())
    list.add("A1", "no byte", "safetensors.too-short", [])
    list.add("A7", "a text", "safetensors.header-past-end", Array("calibration\n".utf8))
    list.add("A9", "cut by a byte", "safetensors.truncated", calibration().dropLast())
    list.add("A10", "a byte behind the data", "safetensors.trailing-bytes", calibration() + [0])
    for (what, metadata) in [
      ("no metadata", ""),
      ("no version", #""__metadata__":{"format":"depthvla-calibration"},"#),
      (
        "a later version",
        #""__metadata__":{"format":"depthvla-calibration","version":"2"},"#
      ),
      ("another format", #""__metadata__":{"format":"pt","version":"1"},"#),
    ] {
      list.add("F15", what, refused, calibration(metadata: metadata))
    }
    list.add("F15", "an input twice", refused, calibration(order: [1, 1]))
    list.add("F15", "an input that is not there", refused, calibration(order: [0, 2]))
    for (what, bits) in [
      ("a NaN", 0x7FC0_0000), ("infinity", 0x7F80_0000), ("the largest number", 0x7F7F_FFFF),
    ] as [(String, UInt32)] {
      list.add("F15", "a factor that is \(what)", refused, calibration(factor: bits))
    }
    list.add(
      "F15", "factors of one input too few", refused,
      calibration(entries: [("w.weight.factors", "F32", "[4]"), ("w.weight.order", "U8", "[3]")]))
    list.add(
      "F15", "factors as a matrix", refused,
      calibration(entries: [("w.weight.factors", "F32", "[2,2]"), ("w.weight.order", "U8", "[2]")]))
    list.add(
      "F15", "an order of signed bytes", refused,
      calibration(entries: [("w.weight.factors", "F32", "[4]"), ("w.weight.order", "I8", "[2]")]))
    list.add(
      "F15", "an order without factors", refused,
      calibration(entries: [("v.weight.factors", "F32", "[4]"), ("w.weight.order", "U8", "[2]")]))
    list.add(
      "F15", "a tensor that is neither", refused,
      calibration(entries: [("w.weight.factors", "F32", "[4]"), ("w.weight", "U8", "[2]")]))
    list.add(
      "F15", "nobody's inputs", refused,
      calibration(entries: [("w.weight.factors", "F32", "[0]"), ("w.weight.order", "U8", "[0]")]))
    return list.cases
  }()

  /// The calibration of a matrix with two inputs, as it is written, with one thing changed.
  ///
  /// - Parameters:
  ///   - factor: the bits of the only one that counts.
  ///   - entries: two, by name, type and shape; the data fits them.
  private static func calibration(
    metadata: String = #""__metadata__":{"format":"depthvla-calibration","version":"1"},"#,
    order: [UInt8] = [1, 0], factor: UInt32 = 0x3F00_0000,
    entries: [(name: String, type: String, shape: String)] = [
      ("w.weight.factors", "F32", "[4]"), ("w.weight.order", "U8", "[2]"),
    ]
  ) -> [UInt8] {
    var data: [UInt8] = []
    let members = entries.map { name, type, shape in
      let start = data.count
      if type == "F32" {
        if shape != "[0]" {
          for value in [0, factor, 0, 0] {
            data += (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
          }
        }
      } else {
        data += shape == "[0]" ? [] : shape == "[3]" ? [2, 0, 1] : order
      }
      return member(name, type, shape, "[\(start),\(data.count)]")
    }
    return safetensors("{" + metadata + members.joined(separator: ",") + "}") + data
  }
}
