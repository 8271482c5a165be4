import DVLAJSON
import DVLAModels
import DVLARemapping

/// Says where position tables are fitted to pictures of other sizes otherwise by whoever runs an
/// export than by the bundle: the way is the library's, and no file of the export has it.
struct PositionNotes {
  private static let key = "position_resampling"
  private static let registers = "num_register_tokens"

  let notes: [String]

  /// - Parameter configuration: the bundle's, under the keys of the naming's family.
  init(_ configuration: Configuration, as manifest: NamingManifest) {
    notes = configuration.keys.compactMap { (name) -> String? in
      guard name == Self.registers || name.hasSuffix("." + Self.registers),
        let count = configuration.integer(name)
      else { return nil }
      let scope = String(name.dropLast(Self.registers.count))
      let key = scope + Self.key
      guard !manifest.states(key) else { return nil }
      let usual = PositionResampling.upstream(registers: count)
      func way(_ value: JSONValue?) -> PositionResampling? {
        value.map { $0.string.flatMap(PositionResampling.init) } ?? usual
      }
      guard let own = way(configuration[key]),
        let theirs = way(manifest.ownValue(of: key, under: configuration)), own != theirs
      else { return nil }
      let side = configuration.integer(scope + "image_size").map { " than \($0) x \($0)" } ?? ""
      return "\(key) is \(own.rawValue) in the bundle, and \(theirs.rawValue) for whoever runs "
        + "\(manifest.label): pictures of another size\(side) give other numbers there"
    }
  }
}
