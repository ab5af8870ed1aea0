/** The duty room's number, from the last contact with the server: it is needed when there is none. */
import { onMounted, ref, type Ref } from 'vue'
import { api } from '@/actions/api'

export function useDutyPhone(): Readonly<Ref<string | null>> {
  const phone = ref(api.lastConfig()?.duty_phone ?? null)
  onMounted(async () => {
    phone.value = await api.config().then(
      (config) => config.duty_phone,
      () => phone.value,
    )
  })
  return phone
}
