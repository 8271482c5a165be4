public import DVLAJSON
public import DVLATensors

/// A list of every tensor of a full-size upstream checkpoint, from `Fixtures/layouts`.
public struct LayoutInventory: CustomStringConvertible, Sendable {
  public let file: String
  public let document: JSONValue
  public let tensors: [TensorInfo]
  public var description: String { file }

  public init(file: String) throws {
    self.file = file
    document = try StrictJSON.parse(FixtureFolder.bytes("layouts/" + file))
    let main = document.object?["dtype"]?.string
    func info(_ entry: JSONValue, _ i: Int?) -> TensorInfo? {
      guard let fields = entry.array, var name = fields.first?.string,
        let shape = fields.dropFirst().first?.array,
        let dtype = (fields.count > 2 ? fields[2].string : main).flatMap(DType.init)
      else { return nil }
      if let i {
        let parts = name.split(separator: ".").map { $0 == "{i}" ? "\(i)" : String($0) }
        name = parts.joined(separator: ".")
      }
      return TensorInfo(
        name: TensorName(name), dtype: dtype, shape: Shape(shape.compactMap(\.integer)))
    }
    tensors = (document.object?["tensors"]?.array ?? []).flatMap { entry -> [TensorInfo] in
      guard let run = entry.object else { return [info(entry, nil)].compactMap(\.self) }
      return (0..<(run["repeat"]?.integer ?? 0)).flatMap { i in
        (run["tensors"]?.array ?? []).compactMap { info($0, i) }
      }
    }
  }

  public static let files = FixtureFolder.names(in: "layouts", suffix: ".json")
}
