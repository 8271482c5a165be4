import DVLADiagnostics
import DVLAJSON

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
