import DVLAAccounting
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

@testable import DVLARemapping

/// The manifests against the full-size inventories of what upstream publishes.
@Suite struct PublishedLayoutTests {
  static let layouts = LayoutInventory.files.map { String($0.dropLast(".json".count)) }.filter {
    !$0.hasPrefix("pi05") && !$0.hasPrefix("paligemma2")
  }

  @Test func theInventoriesAreThere() {
    #expect(Self.layouts.count == 46)
  }

  @Test(arguments: layouts)
  func isRecognisedAsExactlyItsFamilyNamingAndVariant(layout: String) throws {
    let published = try PublishedPlan.of(layout)
    let (expected, recognition) = (published.expected, published.recognition)
    #expect(recognition.family == expected.family)
    #expect(recognition.naming == expected.naming)
    #expect(recognition.unexpected == [])
    #expect(recognition.prefix == "")
    #expect(published.plan.variants == [expected.variant])
  }

  @Test(arguments: layouts)
  func isCoveredWholeWithItsCountOfParameters(layout: String) throws {
    let published = try PublishedPlan.of(layout)
    let (expected, inventory, plan) = (published.expected, published.inventory, published.plan)
    #expect(plan.ledger.map(\.tensor.name) == inventory.tensors.map(\.name))
    // What the file has, less what the layout leaves out, plus what the naming leaves out.
    var count = try #require(inventory.document.object?["total_parameters"]?.integer)
    var leftOut: [String] = []
    for entry in plan.ledger {
      switch entry.fate {
      case .used: break
      case .tied, .dropped, .notTaken:
        count -= entry.tensor.shape.elementCount
        leftOut.append(entry.tensor.name.string)
      }
    }
    var added = 0
    for tensor in plan.tensors {
      if case .initialised = tensor.origin { added += tensor.shape.elementCount }
    }
    if expected.naming == "timm" {
      let width = plan.configuration.integer("hidden_size") ?? 0
      // The mask token; with registers the class row of the position table too.
      #expect(added == width)
      if plan.configuration.integer("num_register_tokens") != 0 { added += width }
    } else {
      #expect(added == 0)
    }
    #expect(leftOut == expected.leftOut)
    #expect(plan.tensors.reduce(0) { $0 + $1.shape.elementCount } == count + added)
  }

  @Test(arguments: layouts)
  func theInverseGivesBackExactlyTheNamesAndShapes(layout: String) throws {
    let published = try PublishedPlan.of(layout)
    let (expected, model, plan) = (published.expected, published.model, published.plan)
    let manifest = try model.library.naming(expected.naming, of: expected.family)
    let exported = try ExportPlanner(plan, library: model.library).plan(manifest)
    #expect(exported.count == model.tensors.count)
    #expect(
      Dictionary(exported.map { ($0.name, $0.shape) }, uniquingKeysWith: { a, _ in a })
        == model.shapes)
    let zeros = exported.filter { if case .zeros = $0.content { true } else { false } }
    #expect(zeros.map(\.name.string) == expected.leftOut.filter { $0 != expected.tied })
  }

  @Test(arguments: layouts)
  func theMetadataIsWhatTheLibraryWrites(layout: String) throws {
    let published = try PublishedPlan.of(layout)
    let (expected, inventory) = (published.expected, published.inventory)
    let policy = try Embedded.library.get().naming(expected.naming, of: expected.family).metadata
    guard let metadata = inventory.document.object?["safetensors_metadata"]?.object else {
      #expect(policy == .none)
      return
    }
    let pairs = metadata.members.map { ($0.key, $0.value.string ?? "") }
    #expect(policy == .fixed(Dictionary(uniqueKeysWithValues: pairs)))
  }

  @Test(arguments: layouts)
  func theConfigurationAgreesWithTheInventory(layout: String) throws {
    let published = try PublishedPlan.of(layout)
    let (expected, configuration) = (published.expected, published.plan.configuration)
    let stated = try InventoryConfiguration(published.inventory.document).values
    #expect(stated.count >= 14)
    var compared = 0
    for (key, value) in stated {
      guard let known = configuration[key] else { continue }
      compared += 1
      #expect(known.isSameSetting(as: value), "\(key): \(known.encoded()) != \(value.encoded())")
    }
    #expect(compared >= expected.comparableKeys, "only \(compared) of \(stated.map(\.key))")
  }

  @Test(arguments: layouts)
  func theConfigOfTheNamingReadsBackAsItWasWritten(layout: String) throws {
    let published = try PublishedPlan.of(layout)
    var model = published.model
    let (expected, plan) = (published.expected, published.plan)
    let manifest = try model.library.naming(expected.naming, of: expected.family)
    guard let document = manifest.configDocument(for: plan.configuration, dtype: "float32") else {
      #expect(expected.hasNoConfig)
      return
    }
    #expect(!expected.hasNoConfig)
    model.config = document
    let again = try model.plan(expected.naming == "original" ? expected.given : [:])
    for key in plan.configuration.keys where key != "version" {
      let before = plan.configuration[key]?.encoded()
      #expect(again.configuration[key]?.encoded() == before, "\(key)")
    }
  }
}
