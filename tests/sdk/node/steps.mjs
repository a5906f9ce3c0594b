// How the end of a step is told: what it gave, or the error class that its client threw.
export async function step(name, act) {
  let told;
  try {
    told = await act();
  } catch (error) {
    told = { error: error.constructor.name, status: error.status };
  }
  console.log(JSON.stringify({ [name]: told }));
}
