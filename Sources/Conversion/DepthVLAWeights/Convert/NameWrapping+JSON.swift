import DVLADiagnostics
public import DVLAJSON
public import DVLARemapping

extension NameWrapping {
  /// Members of a source in a bundle's provenance.
  var members: [(String, JSONValue)] {
    var members: [(String, JSONValue)] = [("prefix", .string(inner))]
    if let chosen { members.append(("chosen_prefix", .string(chosen))) }
    if !components.isEmpty {
      members.append(("left_out_of_names", .array(components.map { .string($0) })))
    }
    if hasChunks { members.append(("chunked_blocks", .bool(true))) }
    return members
  }

  /// The members as a document.
  public var json: JSONValue { .object(JSONObject(members)) }

  /// More would make every name of a ledger slow to read.
  private static let maximumComponentCount = 16

  /// - Throws: `json.*` and `bundle.record` where the members are not as `convert` writes them.
  init(_ object: JSONObjectReader) throws(WeightsError) {
    let components = try object.optional("left_out_of_names")?.array() ?? []
    guard components.count <= Self.maximumComponentCount else {
      throw components[0].failure(
        .bundleRecord,
        "expected at most \(Self.maximumComponentCount) components, found \(components.count)")
    }
    self.init(
      chosen: try object.optional("chosen_prefix")?.string(),
      components: try components.map { (item) throws(WeightsError) in try item.string() },
      hasChunks: try object.optional("chunked_blocks")?.bool() ?? false,
      inner: try object.required("prefix").string())
  }

  /// What was read through, for a person; nil where names are read as they stand.
  public var words: String? {
    guard !isEmpty else { return nil }
    var parts: [String] = []
    if !prefix.isEmpty { parts.append("behind \(prefix.quoted)") }
    if !components.isEmpty {
      parts.append("without \(components.map { ($0 + ".").quoted }.joined(separator: " and "))")
    }
    if hasChunks { parts.append("without the chunk of blocks.CHUNK.LAYER") }
    return "names are read " + parts.joined(separator: ", ")
  }
}
