import DVLADiagnostics
import DVLAJSON
public import DVLATensors

/// The parts of layouts that several families share (such as `vlm`), with the prefix of their
/// tensor names and of their configuration keys in each family. Read from
/// `Manifests/components.json`.
public struct ComponentTable: Sendable {
  struct Place: Sendable {
    /// Prefixes of the tensor names, in the same order in every family.
    let prefixes: [String]
    /// Prefixes of the configuration keys, in the same order in every family.
    let scopes: [String]
  }

  /// Component names, in the order of the document.
  public let names: [String]
  let places: [String: [String: Place]]

  /// The components that a family has.
  public func components(of family: String) -> [String] {
    names.filter { places[$0]?[family] != nil }
  }

  /// The component that a layout tensor of a family belongs to.
  public func component(of name: TensorName, in family: String) -> String? {
    names.first { component in
      places[component]?[family]?.prefixes.contains { name.string.utf8.starts(with: $0.utf8) }
        ?? false
    }
  }

  /// The tensor's name in another family; nil where that family lacks its component.
  func translate(_ name: TensorName, from family: String, to target: String) -> TensorName? {
    guard family != target else { return name }
    for component in names {
      guard let here = places[component]?[family], let there = places[component]?[target] else {
        continue
      }
      for (old, new) in zip(here.prefixes, there.prefixes)
      where name.string.utf8.starts(with: old.utf8) {
        return TensorName(new + name.string.dropFirst(old.count))
      }
    }
    return nil
  }

  /// The settings of the components in `taken`, under another family's keys.
  func translate(
    _ configuration: Configuration, from family: String, to target: String, taken: Set<String>
  ) -> Configuration {
    var result = Configuration()
    for component in names where taken.contains(component) {
      guard let here = places[component]?[family], let there = places[component]?[target] else {
        continue
      }
      for (old, new) in zip(here.scopes, there.scopes) {
        let part = configuration.moved(from: old, to: new)
        for key in part.keys where result[key] == nil {
          if let value = part[key] {
            result.set(key, value, origin: part.origin(of: key) ?? family)
          }
        }
      }
    }
    return result
  }
}

extension ComponentTable {
  init(_ document: JSONReader) throws(WeightsError) {
    let root = try document.object(allowing: ["schema", "about", "components", "scopes"])
    _ = try root.required("schema").integer(in: 1...1)
    let scopes = try root.optional("scopes")?.object()
    var names: [String] = []
    var places: [String: [String: Place]] = [:]
    for (name, families) in try root.required("components").object().members {
      names.append(name)
      let scopesOfComponent = try scopes?.optional(name)?.object()
      for (family, prefixes) in try families.object().members {
        places[name, default: [:]][family] = Place(
          prefixes: try prefixes.strings(),
          scopes: try scopesOfComponent?.optional(family)?.strings() ?? [])
      }
    }
    self.init(names: names, places: places)
  }
}
