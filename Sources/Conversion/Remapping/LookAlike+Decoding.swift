import DVLADiagnostics
import DVLAJSON
import DVLATensors

extension LookAlike {
  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: [
      "name", "any", "all", "none", "model_types", "message", "source", "last",
    ])
    name = try object.required("name").string()
    message = try object.required("message").string()
    isLast = try object.optional("last")?.bool() ?? false
    any = try Self.marks(object.optional("any"))
    all = try Self.marks(object.optional("all"))
    none = try Self.marks(object.optional("none"))
    marksInConfig =
      try object.optional("model_types")?.strings().map { text in
        let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
        return sides.count == 2
          ? (sides[0].split(separator: ".").map(String.init), sides[1]) : (["model_type"], text)
      } ?? []
  }

  private static func marks(_ reader: JSONReader?) throws(WeightsError) -> [Mark] {
    var marks: [Mark] = []
    for mark in try reader?.array() ?? [] { marks.append(try Mark(mark)) }
    return marks
  }
}

extension LookAlike.Mark {
  init(_ reader: JSONReader) throws(WeightsError) {
    var text = reader.value.string
    var shape: [Int?]?
    var dtypes: [DType] = []
    if text == nil {
      let object = try reader.object(allowing: ["name", "shape", "dtypes"])
      text = try object.required("name").string()
      shape = try object.optional("shape")?.array().map { (extent) throws(WeightsError) in
        extent.isNull ? nil : try extent.integer(in: 0...Int(Int32.max))
      }
      for dtype in try object.optional("dtypes")?.array() ?? [] {
        guard let known = DType(rawValue: try dtype.string()) else {
          throw dtype.mismatch("a type of the safetensors format")
        }
        dtypes.append(known)
      }
    }
    let name = text ?? ""
    isSuffix = name.hasPrefix("**.")
    pattern = try NamePattern(parsing: isSuffix ? String(name.dropFirst(3)) : name)
    self.shape = shape
    self.dtypes = dtypes
  }
}
