import Diagnostics
import StrictJSON

extension LookAlike {
  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: [
      "name", "any", "all", "none", "model_types", "message", "source",
    ])
    name = try object.required("name").string()
    message = try object.required("message").string()
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
    if text == nil {
      let object = try reader.object(allowing: ["name", "shape"])
      text = try object.required("name").string()
      shape = try object.optional("shape")?.array().map { (extent) throws(WeightsError) in
        extent.isNull ? nil : try extent.integer(in: 0...Int(Int32.max))
      }
    }
    let name = text ?? ""
    isSuffix = name.hasPrefix("**.")
    pattern = try NamePattern(parsing: isSuffix ? String(name.dropFirst(3)) : name)
    self.shape = shape
  }
}
