import Diagnostics
import StrictJSON
import TensorCore
import TestSupport
import Testing

@testable import Remapping

/// The manifests against the full-size inventories of what upstream publishes.
@Suite struct PublishedLayoutTests {
  static let library = Result { try ManifestLibrary.embedded() }

  @Test(
    arguments: LayoutInventory.files.filter { !$0.hasPrefix("pi05") && !$0.hasPrefix("paligemma2") }
  )
  func everyPublishedLayoutIsRecognisedAndCoveredWhole(file: String) throws {
    let library = try Self.library.get()
    let inventory = try LayoutInventory(file: file)
    #expect(inventory.tensors.count == inventory.document.object?["tensor_count"]?.integer)
    let recognition = try library.recognise(inventory.tensors, config: nil)
    print(file, "->", recognition.family, recognition.naming)
    var given = Configuration()
    if recognition.family == "depth-anything-v2" {
      given.set("depth_estimation_type", "relative", origin: "test")
      given.set("version", 2, origin: "test")
    }
    let planner = RemapPlanner(
      library: library, family: recognition.family,
      sources: [.init(label: file, recognition: recognition)], given: given)
    do {
      let plan = try planner.plan()
      print("   ", plan.variants, plan.tensors.count, plan.configuration.json.encoded().prefix(300))
    } catch let error as WeightsError {
      print("   ", error, error.details)
      throw error
    }
  }
}
